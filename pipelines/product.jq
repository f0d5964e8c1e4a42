# A number for every product, as _number: its sku; SM-id where that is blank; sku-id where another product before it
# has that sku (compared as the target does, without regard to case).  Lines are copied byte for byte; those that are
# no object pass unchanged, for assign-ids to reject.  The catalogue is held in memory: some 2 KB a product.
def trimmed: gsub("^\\s+|\\s+$"; "");
def text: if type == "string" then trimmed elif type == "number" then tostring else "" end;
def object: (try fromjson catch null) | objects;
[inputs] as $lines
| (reduce ($lines[] | object | .sku | text | select(. != "") | ascii_downcase) as $k ({}; .[$k] = true)) as $skus
| foreach $lines[] as $l ({taken: {}};
	(first($l | object) // null) as $p
	| if $p == null then .line = $l else
		($p.id | tostring) as $id | ($p.sku | text) as $sku | .taken as $taken
		| (if $sku != "" and ($taken[$sku | ascii_downcase] | not) then $sku
			else (if $sku == "" then "SM-\($id)" else "\($sku)-\($id)" end)
				| until(ascii_downcase | ($taken[.] or $skus[.]) | not; . + "-\($id)") end) as $number
		| .taken[$number | ascii_downcase] = true
		| .line = ($l | sub("[ \t\r]*}[ \t\r]*$"; "")) + ",\"_number\":\($number | tojson),\"_unit\":\"unit\",\"_schedule\":\"units\"}"
	end; .line)
