# What was set aside, by cause: how many records, and one of them with what was said about it.
# Input: the files of the objects in --arg objects (PHASE:OBJECT, in their order), data/OBJECT/STAGE.KIND.ndjson.
# A record follows another when that one's cause is among these files too; the cause of its cause is not counted twice.
def parts: capture("^data/(?<object>[^/]+)/(?<stage>[^/.]+)[.](?<kind>[^/.]+)[.]ndjson$");
def cut($n): if length > $n then .[:$n] + "…" else . end;
($objects | split(" ") | map(split(":") | {key: .[1], value: .[0]}) | from_entries) as $phase
| reduce inputs as $r ({};
	$r._error as $e | ($e.code // "") as $code | ($e.field // "") as $field
	| (if ($code | startswith("reference-")) and $e.root then $e.root.file | parts? // null else null end) as $root
	| (if $root and $phase[$root.object] then $root.object + " " + $root.kind + " " + $e.root.code else "" end) as $follows
	| "\(input_filename) \($code) \($field) \($follows)" as $key
	| if .[$key] then .[$key].count += 1 else .[$key] = ((input_filename | parts) + {code: $code, count: 1}
		+ if $follows == "" then {field: $field, record: (($r.id // $r._source.id // null) | if . == null then null else tostring | cut(60) end),
			message: ($e.message // "" | cut(240))} else {follows: {object: $root.object, kind: $root.kind, code: $e.root.code}} end) end)
| .[] | .phase = $phase[.object]
