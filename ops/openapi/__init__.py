"""One OpenAPI document for the platform: merged from the services, kept in gateway/, compared with the released one."""
