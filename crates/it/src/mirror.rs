//! The log as somebody sees it who has its address and its verifier key and nothing else: checkpoints, tiles and entries
//! by HTTP, checked with other people's implementations of the C2SP specifications.

use std::collections::BTreeMap;

use signed_note::{Note, StandardVerifier, VerifierList};
use tlog_tiles::{Error, Hash, Tile, TileHashReader, TileReader};

use crate::World;
use crate::world::ORIGIN;

/// Height of tiles (C2SP tlog-tiles).
const HEIGHT: u8 = 8;

/// A checkpoint whose signature another implementation has checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Signed {
    pub note: String,
    pub size: u64,
    pub root: Hash,
}

impl Signed {
    /// Reads a note; it has to be one of this log and of this key.
    #[track_caller]
    pub fn read(note: &str, vkey: &str) -> Signed {
        let verifier = StandardVerifier::new(vkey).expect("a verifier key");
        let known = VerifierList::new(vec![Box::new(verifier)]);
        let parsed = Note::from_bytes(note.as_bytes()).expect("a note");
        parsed.verify(&known).expect("a note signed by the log");
        let checkpoint = tlog_tiles::Checkpoint::from_bytes(parsed.text()).expect("a checkpoint");
        assert_eq!(checkpoint.origin(), ORIGIN);
        assert_eq!(checkpoint.extension(), "");
        Signed { note: note.to_owned(), size: checkpoint.size(), root: *checkpoint.hash() }
    }

    /// Proves from tiles of `newer` that this is its beginning. Says what does not fit.
    pub fn begins(&self, newer: &Signed, tiles: &Tiles) -> Result<(), String> {
        if self.size == newer.size {
            return if self.root == newer.root { Ok(()) } else { Err("two heads of one size".into()) };
        }
        let what = |error: Error| format!("{} in {}: {error}", self.size, newer.size);
        let reader = TileHashReader::new(newer.size, newer.root, tiles);
        let proof = tlog_tiles::prove_tree(newer.size, self.size, &reader).map_err(what)?;
        tlog_tiles::check_tree(&proof, newer.size, newer.root, self.size, self.root).map_err(what)?;
        // And by our own, from the same hashes.
        let path: Vec<_> = proof.iter().map(|hash| ledger::hash::Hash(hash.0)).collect();
        let (old, new) = (ledger::hash::Hash(self.root.0), ledger::hash::Hash(newer.root.0));
        ledger::proof::verify_consistency(self.size, newer.size, &old, &new, &path).map_err(|e| e.to_string())
    }
}

/// Tiles by their path, as they were served.
#[derive(Clone, Debug, Default)]
pub struct Tiles(BTreeMap<String, Vec<u8>>);

impl TileReader for Tiles {
    fn height(&self) -> u8 {
        HEIGHT
    }

    fn read_tiles(&self, tiles: &[Tile]) -> Result<Vec<Vec<u8>>, Error> {
        Ok(tiles.iter().map(|tile| self.0[&tile.path()].clone()).collect())
    }

    fn save_tiles(&self, _: &[Tile], _: &[Vec<u8>]) {}
}

/// Sees the log of one world.
pub struct Mirror<'w> {
    world: &'w World,
    /// Pinned: from the file beside the key, not from the service.
    pub vkey: String,
}

impl<'w> Mirror<'w> {
    pub fn of(world: &'w World) -> Mirror<'w> {
        let file = world.config().keys_dir().join("log.vkey");
        Mirror { world, vkey: std::fs::read_to_string(file).unwrap().trim().to_owned() }
    }

    /// What is at a place below `/log/`, or none where there is nothing.
    pub async fn read(&self, path: &str) -> Option<Vec<u8>> {
        let answer = self.world.http.get(self.world.url(&format!("/log/{path}"))).send().await.unwrap();
        match answer.status().as_u16() {
            200 => Some(answer.bytes().await.unwrap().to_vec()),
            404 => None,
            status => panic!("/log/{path}: {status}"),
        }
    }

    /// The newest checkpoint, if there is one.
    pub async fn checkpoint(&self) -> Option<Signed> {
        let note = String::from_utf8(self.read("checkpoint").await?).unwrap();
        Some(Signed::read(&note, &self.vkey))
    }

    /// Every tile that a log of this size implies, each of exactly its width.
    pub async fn tiles(&self, size: u64) -> Tiles {
        let mut tiles = Tiles::default();
        for tile in Tile::new_tiles(HEIGHT, 0, size) {
            // The other implementation names the height, as Go does; C2SP fixes it and leaves it out.
            let path = tile.path().replacen(&format!("tile/{HEIGHT}/"), "tile/", 1);
            let bytes = self.read(&path).await.unwrap_or_else(|| panic!("size {size}: no {path}"));
            assert_eq!(bytes.len(), tile.width() as usize * 32, "size {size}: {path}");
            tiles.0.insert(tile.path(), bytes);
        }
        tiles
    }

    /// Every entry of a log of this size, from bundles that hold exactly as many as they should.
    pub async fn entries(&self, size: u64) -> Vec<Vec<u8>> {
        let mut entries = Vec::new();
        for bundle in ledger::tile::entries_for(size) {
            let path = bundle.path();
            let bytes = self.read(&path).await.unwrap_or_else(|| panic!("size {size}: no {path}"));
            let held = split(&bytes);
            assert_eq!(held.len(), usize::from(bundle.width()), "size {size}: {path}");
            entries.extend(held);
        }
        entries
    }

    /// Fails the test unless all that this checkpoint implies is served, and is what was signed.
    pub async fn assert_served(&self, signed: &Signed) -> (Tiles, Vec<Vec<u8>>) {
        let tiles = self.tiles(signed.size).await;
        let entries = self.entries(signed.size).await;
        assert_eq!(entries.len() as u64, signed.size);
        // Hashes that this reader gives are proven to lie in the tree that was signed.
        let reader = TileHashReader::new(signed.size, signed.root, &tiles);
        let places: Vec<u64> = (0..signed.size).map(|n| tlog_tiles::stored_hash_index(0, n)).collect();
        let leaves = tlog_tiles::HashReader::read_hashes(&reader, &places)
            .unwrap_or_else(|error| panic!("tiles of size {} are not those signed: {error}", signed.size));
        for (position, (entry, leaf)) in entries.iter().zip(leaves).enumerate() {
            assert_eq!(tlog_tiles::record_hash(entry), leaf, "entry {position} is not leaf {position}");
        }
        (tiles, entries)
    }

    /// The audit path of an entry as `/log/proof` gives it, checked against the checkpoint that comes with it.
    pub async fn assert_proven(&self, position: u64, entry: &[u8]) {
        let text = self.read(&format!("proof?index={position}")).await.expect("a proof");
        let proof = ledger::proof::TlogProof::parse(std::str::from_utf8(&text).unwrap()).unwrap();
        assert_eq!(proof.index, position);
        let signed = Signed::read(&proof.checkpoint, &self.vkey);
        let path = proof.path.iter().map(|hash| Hash(hash.0)).collect();
        let leaf = tlog_tiles::record_hash(entry);
        tlog_tiles::check_record(&path, signed.size, signed.root, position, leaf)
            .unwrap_or_else(|error| panic!("the proof of {position} under {}: {error}", signed.size));
    }
}

/// Entries of a bundle: each behind its length, two bytes, big-endian (C2SP tlog-tiles).
fn split(mut bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    while let [high, low, rest @ ..] = bytes {
        let (entry, after) = rest.split_at(usize::from(u16::from_be_bytes([*high, *low])));
        entries.push(entry.to_vec());
        bytes = after;
    }
    assert!(bytes.is_empty(), "a byte too many");
    entries
}

/// A record as anybody can read it: header and payload as JSON, and the payload's bytes.
pub fn opened(entry: &[u8]) -> (serde_json::Value, serde_json::Value, Vec<u8>) {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let parts: Vec<Vec<u8>> =
        entry.split(|b| *b == b'.').map(|part| URL_SAFE_NO_PAD.decode(part).expect("base64url")).collect();
    let json = |bytes: &[u8]| serde_json::from_slice(bytes).expect("JSON");
    (json(&parts[0]), json(&parts[1]), parts[1].clone())
}
