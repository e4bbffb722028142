import * as client from "/clients/js/client.js";
import "./test_address.js";
import "./test_connection.js";
import "./test_greeting.js";
import "./test_link.js";
import "./test_mesh.js";
import "./test_pending.js";
import "./test_reconnect.js";
import "./test_refusal.js";
import "./test_signal.js";
import "./test_token_source.js";
import { run } from "./tests.js";

Object.assign(globalThis, { client, run });
