//! Reading the whole log, or a whole view, page by page.

use crate::error::StoreError;
use crate::reader::Reader;
use crate::rows::{DisclosureRow, RecordRow, SignedRow, ViewKey, ViewRow, ViewTable};

/// Records per page: at most 32 MiB of them.
const PAGE_RECORDS: u32 = 512;
/// Rows of a view per page. States are the largest, some KiB at most.
const PAGE_ROWS: u32 = 2_048;

/// A walk over the log up to where it ended when the walk began. Holds no connection between pages.
pub struct Scan {
    reader: Reader,
    next: u64,
    end: u64,
}

impl Scan {
    pub(crate) fn new(reader: Reader, from: u64, end: u64) -> Scan {
        Scan { reader, next: from, end }
    }

    /// Size of the log when the walk began: it ends there.
    pub fn end(&self) -> u64 {
        self.end
    }

    /// The next records in order, each with what is left of its disclosures; `None` at the end. A gap in the positions
    /// is given as it is, for the caller to find.
    ///
    /// # Errors
    /// [`StoreError`]; the same page can be asked for again.
    pub async fn next_page(&mut self) -> Result<Option<Vec<(RecordRow, Vec<DisclosureRow>)>>, StoreError> {
        let mut records = self.reader.records(self.next, PAGE_RECORDS).await?;
        records.retain(|record| record.position < self.end);
        let (Some(first), Some(last)) = (records.first(), records.last()) else {
            return Ok(None);
        };
        let (first, next) = (first.position, last.position + 1);
        let mut disclosures = self.reader.disclosures(first..next).await?.into_iter().peekable();
        let page = records.into_iter().map(|record| {
            let mut own = Vec::new();
            while let Some(disclosure) = disclosures.next_if(|one| one.position <= record.position) {
                own.push(disclosure);
            }
            (record, own)
        });
        let page = page.collect();
        self.next = next;
        Ok(Some(page))
    }
}

impl Scan {
    /// As [`Scan::next_page`], of each record only what was signed: who folds it needs nothing else. A page may be asked for before the
    /// one ahead of it is there. Where the log has gaps a page has fewer records than others, or none.
    pub fn next_signed(
        &mut self,
    ) -> Option<impl Future<Output = Result<Vec<SignedRow>, StoreError>> + Send + use<>> {
        if self.next >= self.end {
            return None;
        }
        let behind = self.end.min(self.next + u64::from(PAGE_RECORDS));
        let (reader, range) = (self.reader.clone(), self.next..behind);
        self.next = behind;
        Some(async move { reader.signed(range).await })
    }
}

/// A walk over a view in the order of its keys. Holds no connection between pages: rows that change meanwhile are given as
/// they are when their page is read.
pub struct ViewScan {
    reader: Reader,
    table: ViewTable,
    after: Option<ViewKey>,
}

impl ViewScan {
    pub(crate) fn new(reader: Reader, table: ViewTable) -> ViewScan {
        ViewScan { reader, table, after: None }
    }

    /// The next rows; none at the end.
    ///
    /// # Errors
    /// [`StoreError`]; the same page can be asked for again. Not for a row that cannot be read, as long as its name can.
    pub async fn next_page(&mut self) -> Result<Vec<ViewRow>, StoreError> {
        let rows = match self.reader.view_page(self.table, self.after.clone(), PAGE_ROWS).await {
            Err(StoreError::Corrupt(_)) => self.one_by_one().await?,
            rows => rows?,
        };
        if let Some(last) = rows.last() {
            self.after = Some(last.key());
        }
        Ok(rows)
    }

    /// The rows up to the first that cannot be read, with that.
    async fn one_by_one(&self) -> Result<Vec<ViewRow>, StoreError> {
        let mut rows: Vec<ViewRow> = Vec::new();
        loop {
            let after = rows.last().map(ViewRow::key).or_else(|| self.after.clone());
            match self.reader.view_page(self.table, after.clone(), 1).await {
                Ok(row) if row.is_empty() || rows.len() >= PAGE_ROWS as usize => return Ok(rows),
                Ok(row) => rows.extend(row),
                Err(StoreError::Corrupt(_)) => {
                    rows.extend(self.reader.view_key(self.table, after).await?.map(ViewRow::Unreadable));
                    return Ok(rows);
                }
                Err(error) => return Err(error),
            }
        }
    }
}
