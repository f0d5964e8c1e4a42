# Addresses and whose they are, as ids of module address.  Input: mapped rows, then the target's users; rows that did not
# get into the target (--slurpfile lost, lost2, lost3) and disabled users are nobody's.  Memory: the rows that were lost.
def address: gsub("^[ \t\r\n]+|[ \t\r\n]+$"; "") | ascii_downcase | select(test("^[^@ \t]+@[^@ \t]+[.][^@ \t]+$"));
([$lost[], $lost2[], $lost3[] | {key: "\(._source.id) \(._table)", value: true}] | from_entries) as $gone
| inputs
| if ._table != "systemuser" then select($gone["\(._source.id) \(._table)"] | not)
	| {key: ((.emailaddress1 // "") | address), table: ._table, id: .[._table + "id"]}
	else select(.isdisabled | not) | {key: ((.internalemailaddress // "") | address), table: "systemuser", id: .systemuserid} end
| {module: "address"} + . + {how: "new", rule: "email"}
