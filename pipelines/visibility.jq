# Lines of maps/visibility.csv (visibility,to; no quotes; to is load, queue, skip, or private: what --arg private says).
# --arg want ids: those that somebody decided about get an id of module visibility, those that are loaded one of module
# readable too; --arg want private: the record that the mails of the others wait for.
[inputs] | to_entries[1:][] | (.key + 1) as $line | .value | rtrimstr("\r") | (rindex(",") // length) as $n
| {key: .[:$n], to: .[$n + 1:]}
| select(.key != "") | if .to == "private" then .to = $private else . end
| if $want == "ids" then .key as $key | .to as $to | (select(.to == "load" or .to == "skip") | "visibility"), (select(.to == "load") | "readable")
	| {module: ., key: $key, table: "visibility", id: "00000000-0000-0000-0000-\("00000000000\($line)"[-12:])", how: "new", rule: $to}
else select(.to == "queue")
	| {id: .key, _error: {program: "pipelines", line: $line, code: "undecided", field: "visibility",
		message: "in Salesmate only its owner and those it went to can read it, here whoever may read the owner's e-mails: PRIVATE_EMAILS=load or skip decides"}}
end
