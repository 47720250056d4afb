//! Reading the log from the store page by page, past rows that cannot be read.

use store::rows::{DisclosureRow, RecordRow};
use store::{Reader, StoreError};

use super::spread;

/// Records per page: at most 32 MiB of them, and enough to keep all cores busy for some milliseconds.
const PAGE_RECORDS: u32 = 512;

/// Records checked together by each core: what is the same for one signature and for thousands is then little of the whole.
const CORE_RECORDS: usize = 4_096;
/// A portion of pages is not made longer beyond so many bytes of records.
const PORTION_BYTES_MAX: usize = 32 * 1024 * 1024;

/// A walk over the log from its beginning.
pub struct Walk {
    reader: Reader,
    next: u64,
    /// Where the walk ends; may be moved on.
    pub end: u64,
}

/// Some rows in order.
#[derive(Default)]
pub struct Page {
    /// The rows of entries.
    pub records: Vec<RecordRow>,
    /// The rows of each entry's disclosures.
    pub disclosures: Vec<Vec<DisclosureRow>>,
    /// Positions of rows that cannot be read, and why.
    pub unreadable: Vec<(u64, String)>,
    /// Positions for which there are disclosures and no record.
    pub stray: Vec<u64>,
}

impl Walk {
    /// Up to `end`.
    pub fn new(reader: Reader, end: u64) -> Walk {
        Walk { reader, next: 0, end }
    }

    /// The next rows, as many as one core takes; none at the end. At most [`PORTION_BYTES_MAX`] and one page more. Towards the
    /// end they are fewer, so that all cores have some. At the start of the log one page, for the keys of all others stand there.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn portion(&mut self) -> Result<Option<Page>, StoreError> {
        let first = self.next == 0;
        let Some(mut portion) = self.page().await? else { return Ok(None) };
        if first {
            return Ok(Some(portion));
        }
        let left = usize::try_from(self.end.saturating_sub(self.next)).unwrap_or(usize::MAX);
        let enough = (left / spread::cores()).min(CORE_RECORDS);
        let bytes = |page: &Page| page.records.iter().map(|record| record.jws.len()).sum::<usize>();
        let mut held = bytes(&portion);
        while portion.records.len() < enough && held < PORTION_BYTES_MAX {
            let Some(page) = self.page().await? else { break };
            held += bytes(&page);
            portion.extend(page);
        }
        Ok(Some(portion))
    }

    /// The next rows; none at the end.
    ///
    /// # Errors
    /// When the store does not answer.
    async fn page(&mut self) -> Result<Option<Page>, StoreError> {
        let mut page = Page::default();
        if self.next >= self.end {
            return Ok(None);
        }
        let mut records = match self.reader.records(self.next, PAGE_RECORDS).await {
            Err(StoreError::Corrupt(_)) => self.one_by_one(&mut page).await?,
            records => records?,
        };
        records.retain(|record| record.position < self.end);
        let broken = page.unreadable.first().map(|(position, _)| *position);
        let Some(last) = broken.or(records.last().map(|record| record.position)) else { return Ok(None) };
        let first = self.next;
        self.next = last + 1;
        let disclosures = self.disclosures(first, last, &mut page).await?;
        page.fill(records, disclosures);
        Ok(Some(page))
    }

    /// The records up to the first that cannot be read, which is noted.
    async fn one_by_one(&self, page: &mut Page) -> Result<Vec<RecordRow>, StoreError> {
        let mut records: Vec<RecordRow> = Vec::new();
        loop {
            let next = records.last().map_or(self.next, |record| record.position + 1);
            match self.reader.records(next, 1).await {
                Ok(found) if found.is_empty() || records.len() >= PAGE_RECORDS as usize => {
                    return Ok(records);
                }
                Ok(found) => records.extend(found),
                Err(StoreError::Corrupt(fault)) => {
                    page.unreadable.push((next, fault.to_string()));
                    return Ok(records);
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// The disclosures of these positions, past those that cannot be read.
    async fn disclosures(
        &self,
        first: u64,
        last: u64,
        page: &mut Page,
    ) -> Result<Vec<DisclosureRow>, StoreError> {
        match self.reader.disclosures(first..last + 1).await {
            Err(StoreError::Corrupt(_)) => {}
            rows => return rows,
        }
        let mut rows = Vec::new();
        for position in first..=last {
            match self.reader.disclosures(position..position + 1).await {
                Err(StoreError::Corrupt(fault)) => page.unreadable.push((position, fault.to_string())),
                found => rows.extend(found?),
            }
        }
        Ok(rows)
    }
}

impl Page {
    fn extend(&mut self, next: Page) {
        self.records.extend(next.records);
        self.disclosures.extend(next.disclosures);
        self.unreadable.extend(next.unreadable);
        self.stray.extend(next.stray);
    }

    fn fill(&mut self, records: Vec<RecordRow>, disclosures: Vec<DisclosureRow>) {
        let mut disclosures = disclosures.into_iter().peekable();
        for record in records {
            while let Some(stray) = disclosures.next_if(|one| one.position < record.position) {
                self.stray.push(stray.position);
            }
            let mut own = Vec::new();
            while let Some(one) = disclosures.next_if(|one| one.position == record.position) {
                own.push(one);
            }
            self.records.push(record);
            self.disclosures.push(own);
        }
        self.stray.extend(disclosures.map(|one| one.position));
    }
}
