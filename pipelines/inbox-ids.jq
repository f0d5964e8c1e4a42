# Each conversation's owner and person, as ids whose key is the conversation: what its messages have in common with it.
"\(.id)" as $key | ._ref
| (.owner | select(.) | {module: "inbox-assignee"} + {key: $key} + .), (.contact | select(.) | {module: "inbox-person"} + {key: $key} + .)
| .rule = "conversation"
