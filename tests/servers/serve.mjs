// SPDX-License-Identifier: Apache-2.0
//
//     node serve.mjs oidc|express|express_keeps CERTIFICATE KEY CLIENT_ID CLIENT_SECRET
//
// An authorization server behind TLS on loopback, and a portal with the one REST method that the
// keeper calls. Prints a line of JSON when it is ready: {"port", "control"}. Ends with its stdin.
//
// What differs from Bitrix24 is adapted here: the path of the token endpoint. Tokens, errors and all
// other bytes are those of the package.
//
// The control port (plain HTTP, JSON) stands for the user and for a thief:
//     POST /code      a user authorizes: {"code"}
//     POST /valid     {"token"}: whether this access token is honoured: {"valid"}
//     POST /refresh   the refresh tokens that were issued: {"tokens"}, the newest one last
//     POST /seen      the token requests so far: {"seen": [{"grant_type", "status"}]}

import { readFileSync } from "node:fs";
import http from "node:http";
import https from "node:https";

const [kind, certificate, key, clientId, clientSecret] = process.argv.slice(2);
const seen = [];

async function body(request) {
    const pieces = [];
    for await (const piece of request) pieces.push(piece);
    return Buffer.concat(pieces).toString();
}

function send(response, status, value) {
    const text = JSON.stringify(value);
    response.writeHead(status, {
        "Content-Type": "application/json", "Content-Length": Buffer.byteLength(text) });
    response.end(text);
}

// Notes a token request without touching its body.
function note(request, response) {
    const pieces = [];
    request.on("data", (piece) => pieces.push(piece));
    response.on("finish", () => seen.push({
        grant_type: new URLSearchParams(Buffer.concat(pieces).toString()).get("grant_type"),
        status: response.statusCode }));
}

async function portal(server, request, response) {
    const token = JSON.parse(await body(request)).auth;
    if (await server.valid(token)) send(response, 200, { result: { STATUS: "L" } });
    else send(response, 401, { error: "expired_token", error_description: "not valid" });
}

function serve(server) {
    return (request, response) => {
        const path = request.url.split("?")[0];
        if (path === "/rest/app.info") return portal(server, request, response);
        if (path !== "/oauth/token/") return send(response, 404, {});
        note(request, response);
        request.url = server.path;
        return server.handle(request, response);
    };
}

function control(server) {
    const operations = {
        "/code": async () => ({ code: await server.code() }),
        "/valid": async ({ token }) => ({ valid: await server.valid(token) }),
        "/refresh": async () => ({ tokens: server.refreshTokens }),
        "/seen": async () => ({ seen }),
    };
    return async (request, response) => {
        const operation = operations[request.url];
        if (!operation) return send(response, 404, {});
        return send(response, 200, await operation(JSON.parse(await body(request) || "{}")));
    };
}

function listen(server) {
    return new Promise((resolve) => {
        server.listen(0, "127.0.0.1", () => resolve(server.address().port));
    });
}

const make = await import(kind === "oidc" ? "./oidc.mjs" : "./express.mjs");
const server = await make.create({ clientId, clientSecret, keeps: kind === "express_keeps" });
const tls = { cert: readFileSync(certificate), key: readFileSync(key) };
const port = await listen(https.createServer(tls, serve(server)));
const controlPort = await listen(http.createServer(control(server)));
process.stdin.resume();
process.stdin.on("end", () => process.exit(0));
console.log(JSON.stringify({ port, control: controlPort }));
