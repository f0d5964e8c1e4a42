# What the records that the memberships point to are called.  --slurpfile row: the memberships; input: mapped rows.
# Memory: the ids of the enrolled records; the rows pass through.
($row | map({key: (to_entries[] | select(.key | startswith("target_")) | .value | capture("[(](?<id>[^)]*)[)]").id), value: true}) | from_entries) as $wanted
| inputs | {id: .[._table + "id"], name: (.name // ([.firstname, .lastname | select(. != null)] | join(" ")))} | select($wanted[.id])
