# The rows of a product's prices, each a record of its own, for its currency's list.
inputs | (try fromjson catch null) | objects | .id as $product | .prices | arrays | .[] | objects
| {id: "\($product)-\(.id)", productId: $product, currency, unitPrice, isDefault, unit: "unit"}
