# Lines of maps/visibility.csv (visibility,to; no quotes): --arg want ids gives those that are loaded an id of their own,
# --arg want private the record that the mails of the others wait for.
[inputs] | to_entries[1:][] | (.key + 1) as $line | .value | rtrimstr("\r") | (rindex(",") // length) as $n
| {key: .[:$n], to: .[$n + 1:]}
| select(.key != "") | if .to == "private" then .to = $private else . end
| if $want == "ids" then select(.to == "load")
	| {module: "visibility", key, table: "visibility", id: "00000000-0000-0000-0000-\("00000000000\($line)"[-12:])", how: "new", rule: "load"}
else select(.to == "queue")
	| {id: .key, _error: {program: "pipelines", line: $line, code: "undecided", field: "visibility",
		message: "in Salesmate only its owner and those it went to can read it, here whoever may read the owner's e-mails: PRIVATE_EMAILS=load or skip decides"}}
end
