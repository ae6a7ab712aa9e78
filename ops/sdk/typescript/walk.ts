// What tests/e2e walks with the built client: sign in, read, and be refused in the promised shape.
// node dist/walk.js GATEWAY EMAIL PASSWORD
import { academy } from "./index.js";

declare const process: { argv: string[]; exit(code: number): never };

function expect(what: string, holds: boolean, got: unknown): asserts holds {
  if (!holds) {
    console.error(`${what}: ${JSON.stringify(got)}`);
    process.exit(1);
  }
}

const [gateway, email, password] = process.argv.slice(2);
let token: string | undefined;
const client = academy(gateway, () => token);

const signedIn = await client.POST("/api/v1/auth/login", { body: { email, password } });
expect("a token", signedIn.data !== undefined && "access_token" in signedIn.data, signedIn.error);
token = signedIn.data.access_token;
const me = await client.GET("/api/v1/users/me");
expect("my account", me.data?.email === email, me.error);
const courses = await client.GET("/api/v1/courses", { params: { query: { limit: 2 } } });
expect("the catalog", Array.isArray(courses.data?.items), courses.error);
const none = await client.GET("/api/v1/courses/{course}", { params: { path: { course: "no-such-course" } } });
expect("a problem", none.response.status === 404, none.data);
expect("its type", JSON.stringify(none.error).includes("urn:academy:problem:course-not-found"), none.error);
console.log("walked");
