//! A laptop image that was restored or cloned: the device takes a new identity and issues its queue anew under it.

use crate::chain::{Chain, hash};
use crate::error::StoreError;
use crate::open::Store;
use slipway_domain::command::Envelope;
use slipway_domain::id::DeviceId;

impl Store {
    /// Gives this laptop a new identity: every pending command keeps its id and what it says, and gets its place in
    /// the new chain and a new signature. Says how many were issued anew.
    ///
    /// # Errors
    /// That the storage failed; then the old identity stands.
    pub fn fork(&self, device: DeviceId, sign: &dyn Fn(&[u8]) -> [u8; 64]) -> Result<u64, StoreError> {
        self.writing(|conn| {
            let mut chain = Chain { device, counter: 0, previous: String::new(), ..Chain::load(conn)? };
            let mut statement = conn.prepare("SELECT n, payload FROM queue ORDER BY n")?;
            let rows: Vec<(i64, Vec<u8>)> =
                statement.query_map((), |row| Ok((row.get(0)?, row.get(1)?)))?.collect::<Result<_, _>>()?;
            drop(statement);
            let mut update =
                conn.prepare("UPDATE queue SET counter = ?2, payload = ?3, signature = ?4, answer = '' WHERE n = ?1")?;
            for (n, payload) in rows {
                // The command is carried over as it stands, also one of a kind that this program does not know.
                let envelope: Envelope<serde_json::Value> = serde_json::from_slice(&payload)?;
                let counter = chain.counter.saturating_add(1);
                let payload = serde_json::to_vec(&Envelope { device, counter, previous: chain.previous, ..envelope })?;
                update.execute((n, counter.cast_signed(), &payload, sign(&payload).as_slice()))?;
                chain.counter = counter;
                chain.previous = hash(&payload);
            }
            chain.save(conn)?;
            // Numbers were leased to the old identity, and its twin may be giving them away too.
            conn.execute("DELETE FROM number_block", ())?;
            Ok(chain.counter)
        })
    }
}
