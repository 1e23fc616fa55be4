DROP TABLE shop_switches, shop_payment_events, shop_payments, shop_order_lines, shop_orders,
    shop_carts, shop_stock, shop_products;
