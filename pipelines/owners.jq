# Every owner that a record names, once: the user if Salesmate lists it, else what the record says.
# Input: the extracted records, data/source/MODULE/10-extracted.ndjson; --slurpfile user: the extracted users.
# Who owns a record is called differently: a note's author, a call's user, a conversation's assignee.
def place: input_filename | split("/") | .[-2];
def person: if type == "object" then (select(.type == null or .type == "User") | {id, name}) elif type == "number" then {id: .} else empty end
	| select(.id != null);
def who: {note: "createdBy", call: "user", team_inbox_conversation: "assignedTo", team_inbox_message: "author"}[place] as $field
	| (if $field then .[$field] else .owner // .Owner end) | person;
($user | map({key: "\(.id)", value: .}) | from_entries) as $known
| reduce inputs as $r ({}; reduce ($r | who) as $o (.; .["\($o.id)"] //= ($known["\($o.id)"] // {id: $o.id, name: $o.name, email: null})))
| to_entries | sort_by(.key | tonumber? // .)[] | .value
