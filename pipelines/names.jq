# What the records that the memberships point to are called.  --slurpfile row: the memberships; input: mapped rows.
# Memory: the ids and names of the enrolled records.
(reduce $row[] as $r ({}; .[($r | to_entries[] | select(.key | startswith("target_")) | .value | capture("[(](?<id>[^)]*)[)]").id)] = true)) as $wanted
| inputs | {id: .[._table + "id"], name: (.name // ([.firstname, .lastname | select(. != null)] | join(" ")))} | select($wanted[.id])
