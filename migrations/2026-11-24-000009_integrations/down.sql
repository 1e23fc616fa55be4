DROP TABLE inbox_events, outbox_events, webhook_partners, catalogue_imports, legacy_addresses,
    catalogue_pages;
