//! Which commands carry many rows at once, so that they may be larger than others.

use super::{ChangeCommand, CmdbCommand, Command, DhsCommand};
use crate::cmdb::observation::ObservationCommand;

impl Command {
    /// Whether this carries the rows of an import or of a choice of many records. Both sides take larger payloads for
    /// such commands, and only for them.
    #[must_use]
    pub fn is_bulk(&self) -> bool {
        matches!(
            self,
            Self::Cmdb(
                CmdbCommand::ImportCis(_)
                    | CmdbCommand::ImportRelations(_)
                    | CmdbCommand::EditCis(_)
                    | CmdbCommand::FillGroup(_)
            ) | Self::Observation(ObservationCommand::Record(_) | ObservationCommand::Decide(_))
                | Self::Change(ChangeCommand::Import(_))
                | Self::Dhs(DhsCommand::ImportModels(_))
        )
    }
}
