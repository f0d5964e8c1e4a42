# What the messages of each conversation tell about it.  Input: messages, oldest first, as order-records writes them;
# output: {conversationId, participants, count, first, last}, by first message.
# Memory: an entry a conversation and participant; the messages themselves pass through.
def people: (if (.fromEmail // "") != "" or (.fromName // "") != "" then {name: (.fromName // ""), address: (.fromEmail // "")} else empty end),
	((.toEmails, .ccEmails, .bccEmails) | if type == "array" then .[] elif type == "string" and . != "" then . else empty end | {name: "", address: .});
def trim: gsub("^[ \t\r\n]+|[ \t\r\n]+$"; "");
def shown: if .name == "" then .address elif .address == "" then .name else "\(.name) <\(.address)>" end;
reduce (inputs | select(.conversationId != null and .conversationId != "")) as $m ({};
	"\($m.conversationId)" as $k
	| .[$k] |= ((. // {conversationId: $m.conversationId, count: 0, first: null, last: null, who: {}})
		| .count += 1
		| if $m._order.time then .first //= $m._order.time | .last = $m._order.time else . end
		| reduce ($m | people | {name: (.name | trim), address: (.address | trim)}) as $p (.; .who[$p.address | ascii_downcase] |=
			(if . == null or (.name == "" and $p.name != "") then $p elif $p.name == "" or .name == $p.name then . else .other = ((.other // []) + [$p.name] | unique) end))))
| .[] | {conversationId, participants: ([.who[] | shown, (.other // [] | .[])] | join("\n")), count, first, last}
