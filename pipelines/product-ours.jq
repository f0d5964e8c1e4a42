# The products whose rows we made (their ids are computed), of all or of the inactive ones.
($ids | map(select(.how == "new") | {key, value: true}) | from_entries) as $new
| . as $line | (try fromjson catch null) | objects
| select($new["\(.id)"] and ($only == "all" or (.isActive | . == false or . == 0 or . == "0" or . == "false"))) | $line
