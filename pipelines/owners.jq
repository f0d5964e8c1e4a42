# Every owner that a record names, once: the user if Salesmate lists it, else what the record says.
# Input: the extracted records; --slurpfile user: the extracted users.
($user | map({key: "\(.id)", value: .}) | from_entries) as $known
| reduce inputs as $r ({}; (($r.owner // $r.Owner) | if type == "object" then . elif type == "number" then {id: .} else {} end) as $o
	| if $o.id == null then . else .["\($o.id)"] = ($known["\($o.id)"] // {id: $o.id, name: $o.name, email: null}) end)
| to_entries | sort_by(.key | tonumber)[] | .value
