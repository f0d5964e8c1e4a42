# Without --rawfile names: "object field" of every proposal.  With it: what a person must do about those named there.
def line: map((. // "") | tostring | if test("[,\"\n\r]|^ | $") then "\"\(gsub("\""; "\"\""))\"" else . end) | join(",");
def lines($file; $rows): $rows // [] | .[] | "  maps/\($file).csv: \(line)";
"\(.object) \(.field)" as $name |
if ($ARGS.named | has("names") | not) then $name
elif $ARGS.named.names | split("\n") | index([$name]) then
	"maps/\(.object).csv does not name \(.field), a custom field of Salesmate.  It is not carried over; to have it, add",
	lines(.object; .map), lines("refs-\(.object)"; .refs), lines("schema-custom"; .schema)
else empty end
