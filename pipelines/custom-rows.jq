# The proposed lines of one file: --arg file NAME of maps/NAME.csv.
def line: map((. // "") | tostring | if test("[,\"\n\r]|^ | $") then "\"\(gsub("\""; "\"\""))\"" else . end) | join(",");
($file | ltrimstr("refs-") | if $file == . then . else rtrimstr("-queue") end) as $object |
if $file == "schema-custom" then .schema // empty
elif .object != $object then empty
elif $file | startswith("refs-") then .refs // empty
else .map // empty end | .[] | line
