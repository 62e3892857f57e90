"""Records in the formats of other systems: functions of the public record (docs/report-format.md), which decide nothing."""
