# The instances of flows that belong to rows that we made, with that row's key for reconcile.  --slurpfile ids: of leads and opportunities.
(reduce ($ids[] | select(.how == "new")) as $i ({}; .[$i.id] = $i.key)) as $key
| first(._bpf_opportunityid_value, ._opportunityid_value, ._bpf_leadid_value, ._leadid_value | strings) as $row
| select($key[$row]) | . + {sm_salesmate_id: $key[$row]}
