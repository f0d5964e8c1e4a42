# What a line can name, beside what it says: _product and _unit where the product is there and active, else _writein
# with the reason (missing, rejected, retired); _amount: quantity times price, exact.
# Lines are copied byte for byte; those that are no object pass unchanged, for assign-ids to reject.
def decimal: if type == "number" then tostring elif type == "string" then gsub("^\\s+|\\s+$"; "") else "" end
	| (capture("^(?<minus>-?)(?<whole>[0-9]+)([.](?<part>[0-9]*))?$") // null)
	| if . == null then empty else ((.part // "") | sub("0+$"; "")) as $f
		| {scale: ($f | length), value: ((.minus + .whole + $f) | tonumber)} end;
# Beyond 2^53 a product is no longer exact here: then there is none, and it counts as a line without an amount.
def amount: [(.quantity | decimal), (.sellingPrice | decimal)] | select(length == 2)
	| {scale: (.[0].scale + .[1].scale), value: (.[0].value * .[1].value)} | select((.value | fabs) < 9007199254740992 and .scale <= 10)
	| pow(10; .scale) as $one | (.value | fabs) as $v | ($v % $one) as $rest
	| (if .value < 0 then "-" else "" end) + "\(($v - $rest) / $one)" + (if .scale == 0 then "" else "." + ($one + $rest | tostring | .[1:]) end);
(reduce $existing[] as $e ({}; .[$e.productid] = ($e.statecode == 0 or $e.statecode == 3))) as $sold
| (reduce $active[] as $a ({}; .[$a.id] = ($a.outcome != "rejected"))) as $ours
| (reduce $ids[] as $i ({}; .[$i.key] = (if $i.how == "matched" and ($sold[$i.id] | not) then "retired"
	elif $i.how != "matched" and ($ours[$i.id] | not) then "rejected" else "" end))) as $why
| . as $line | (first((try fromjson catch null) | objects) // null) as $r
| if $r == null or $r == {} then $line else
	($why["\($r.productId)"] // "missing") as $reason
	| ({} | if $reason == "" then ._product = $r.productId | ._unit = "unit" else ._writein = $reason end
		| ([$r | amount] | first) as $a | if $a then ._amount = $a else . end) as $more
	| ($line | sub("[ \t\r]*}[ \t\r]*$"; "")) + "," + ($more | tojson | .[1:])
end
