# What the messages of each conversation tell about it.  Input (-R): lines of inbox-people.jq, those of a conversation together,
# oldest first; output: {conversationId, participants, count, first, last}.  Memory: one conversation's participants.
def people: (if (.fromEmail // "") != "" or (.fromName // "") != "" then {name: (.fromName // ""), address: (.fromEmail // "")} else empty end),
	((.toEmails, .ccEmails, .bccEmails) | if type == "array" then .[] elif type == "string" and . != "" then . else empty end | {name: "", address: .});
def trim: gsub("^[ \t\r\n]+|[ \t\r\n]+$"; "");
def shown: if .name == "" then .address elif .address == "" then .name else "\(.name) <\(.address)>" end;
foreach (inputs, null) as $line ({};
	(if $line then $line | index("\t") as $tab | [.[:$tab], (.[$tab + 1:] | fromjson)] else [null, null] end) as [$k, $m]
	| (if .k == $k then .done = null else {k: $k, done: .now, now: {conversationId: $m.conversationId, count: 0, first: null, last: null, who: {}}} end)
	| if $m then .now.count += 1
		| if $m.time then .now.first //= $m.time | .now.last = $m.time else . end
		| reduce ($m | people | {name: (.name | trim), address: (.address | trim)}) as $p (.; .now.who[$p.address | ascii_downcase] |=
			(if . == null or (.name == "" and $p.name != "") then $p elif $p.name == "" or .name == $p.name then . else .other = ((.other // []) + [$p.name] | unique) end))
	else . end;
	.done | select(.) | {conversationId, participants: ([.who[] | shown, (.other // [] | .[])] | join("\n")), count, first, last})
