// SPDX-License-Identifier: Apache-2.0
//
// oidc-provider with its defaults: opaque tokens, an id_token beside them, rotation, and all tokens of
// a grant revoked when a code or a refresh token is used again.

import Provider from "oidc-provider";

const HANDLER = "https://localhost/handler";
const SCOPE = "openid offline_access";

export async function create({ clientId, clientSecret }) {
    const provider = new Provider("https://localhost", {
        clients: [{
            client_id: clientId, client_secret: clientSecret, redirect_uris: [HANDLER],
            grant_types: ["authorization_code", "refresh_token"], response_types: ["code"],
            token_endpoint_auth_method: "client_secret_post" }],
        findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id }) }),
        pkce: { required: () => false },
        rotateRefreshToken: true,
        allowOmittingSingleRegisteredRedirectUri: true,
        cookies: { keys: ["not used"] },
        ttl: { AccessToken: 3600, AuthorizationCode: 30, Grant: 86400, IdToken: 3600,
            RefreshToken: 86400 },
    });
    provider.proxy = true;
    const refreshTokens = [];
    provider.on("refresh_token.saved", ({ jti, consumed }) => {
        if (!consumed) refreshTokens.push(jti);
    });

    async function code() {
        const client = await provider.Client.find(clientId);
        const grant = new provider.Grant({ accountId: "1", clientId });
        grant.addOIDCScope(SCOPE);
        const grantId = await grant.save();
        return new provider.AuthorizationCode({
            accountId: "1", client, grantId, redirectUri: HANDLER, scope: SCOPE,
            gty: "authorization_code" }).save();
    }

    async function valid(token) {
        const found = await provider.AccessToken.find(token);
        return Boolean(found?.isValid && await provider.Grant.find(found.grantId));
    }

    return { path: "/token", handle: provider.callback(), code, valid, refreshTokens };
}
