-- CIs of a class by name: what lists of a class are sorted by. Names with and without their class are found by it and by
-- ci_label, so that no look-up of their own is kept (src/names.rs); those that are go with the derivation that follows.

CREATE INDEX ci_class_name ON ci_summary (grp, label);
