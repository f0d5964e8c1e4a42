# A price list for each currency that is used.  Input: products, deals, lines; --slurpfile currency: Salesmate's own list.
# Currencies that are not in it get none: what names them is set aside with that reason.
(reduce (inputs | [.currency, .prices[]?.currency?][] | if type == "object" then .code else . end | strings) as $c ({}; .[$c] = true)) as $used
| $currency[] | .code | strings | select($used[.]) | {id: ., name: "\($name) \(.)", currency: .}
