import createClient from "openapi-fetch";
import type { components, paths } from "./academy.js";

export type Schemas = components["schemas"];
export type { paths };

/** A client of the platform; `token` is asked for the access token before each request. */
export function academy(gateway: string, token: () => string | undefined = () => undefined) {
  const client = createClient<paths>({ baseUrl: gateway });
  client.use({
    onRequest({ request }) {
      const present = token();
      if (present) request.headers.set("Authorization", `Bearer ${present}`);
      return request;
    },
  });
  return client;
}
