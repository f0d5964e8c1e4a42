# The lines of a deal as records: associatedProducts is a list of {id,name,sellingPrice,quantity,discount}, where
# id is the product's (its shape is known from what clients write).  A line's own id is made of its place.
. as $deal
| (.associatedProducts // .AssociatedProducts // []) | if type == "array" then to_entries[] else empty end
| .key as $n | .value | select(type == "object")
| {id: "\($deal.id)-\($n + 1)", dealId: $deal.id, productId: (.productId // .id), name, quantity, sellingPrice, discount, currency: (.currency // $deal.currency)}
