# An outcome for each mapped membership: created when the CSV has it (--slurpfile read).  Memory: their ids.
($read | map({key: (.smart_flow_membershipid // ""), value: true}) | from_entries) as $there
| inputs | {_source, table: ._table, id: .smart_flow_membershipid, outcome: (if $there[.smart_flow_membershipid] then "created" else "rejected" end),
	status: 0, code: "", message: ""}
