// SPDX-License-Identifier: Apache-2.0
//
// express-oauth-server with a model in memory. keeps: a refresh leaves the refresh token as it is, and
// its response has none (RFC 6749 section 6). Otherwise each refresh rotates it, and one that is used
// again revokes all tokens of its grant, as a code that is.

import { randomBytes } from "node:crypto";
import OAuthServer from "@node-oauth/express-oauth-server";
import express from "express";

const CODE_S = 30;

export async function create({ clientId, clientSecret, keeps }) {
    const client = { id: clientId, grants: ["authorization_code", "refresh_token"] };
    const codes = new Map();
    const tokens = [];
    const refreshTokens = [];
    let grant;              // of the request in progress: the code that it began with

    function revoke(first) {
        tokens.filter((token) => token.grant === first).forEach((token) => { token.revoked = true; });
    }

    function used(entry) {
        if (entry?.used) revoke(entry.grant);
        grant = entry?.grant;
        return entry && !entry.used && !entry.revoked ? entry : null;
    }

    const model = {
        getClient: async (id, secret) =>
            (id === clientId && (secret === null || secret === clientSecret) ? client : null),
        getAuthorizationCode: async (value) => used(codes.get(value)),
        revokeAuthorizationCode: async (code) => {
            codes.get(code.authorizationCode).used = true;
            return true;
        },
        getRefreshToken: async (value) =>
            used(tokens.find((token) => token.refreshToken === value)),
        revokeToken: async (token) => { token.used = true; return true; },
        getAccessToken: async (value) => tokens.find((token) => token.accessToken === value),
        saveToken: async (token, _, user) => {
            const saved = { ...token, client, user, grant };
            tokens.push(saved);
            if (token.refreshToken) refreshTokens.push(token.refreshToken);
            return saved;
        },
    };

    async function code() {
        const value = randomBytes(20).toString("base64url");
        codes.set(value, { authorizationCode: value, grant: value, client, user: { id: 1 },
            expiresAt: new Date(Date.now() + CODE_S * 1000) });
        return value;
    }

    async function valid(value) {
        const token = tokens.findLast((one) => one.accessToken === value);
        return Boolean(token && !token.revoked && !token.used);
    }

    const oauth = new OAuthServer({ model });
    const app = express();
    app.use(express.urlencoded({ extended: false }));
    app.post("/token", oauth.token({ alwaysIssueNewRefreshToken: !keeps }));
    return { path: "/token", handle: app, code, valid, refreshTokens };
}
