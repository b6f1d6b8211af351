// The provider of the tests: oidc-provider as it is, with people in memory. Prints its address when it listens.
//
// POST /test/next-token with claims as JSON makes the next token endpoint's answer carry an identity token with these
// claims instead, signed by the provider's own key: what a provider gone wrong, or another client's token, looks like.
import { createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { once } from 'node:events';
import Provider from 'oidc-provider';

// Nothing but the address goes to standard output.
console.info = console.error;

const [certificate, key] = process.argv.slice(2);
// By way of PEM: to export the very object that was generated can block Node for ever.
const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});
const signer = createPrivateKey(privateKey);
const jwk = { ...signer.export({ format: 'jwk' }), kid: 'test', use: 'sig', alg: 'RS256' };

const server = createServer({ cert: readFileSync(certificate), key: readFileSync(key) });
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const issuer = `https://localhost:${server.address().port}`;

const client = (client_id) => ({
  client_id,
  client_secret: 'a secret of the client',
  application_type: 'native',
  grant_types: ['authorization_code', 'urn:ietf:params:oauth:grant-type:device_code'],
  redirect_uris: ['http://127.0.0.1/callback'],
  response_types: ['code'],
});

const provider = new Provider(issuer, {
  clients: [client('slipway'), client('another')],
  jwks: { keys: [jwk] },
  cookies: { keys: [randomUUID()] },
  features: { deviceFlow: { enabled: true }, devInteractions: { enabled: true } },
  claims: { openid: ['sub'], profile: ['preferred_username', 'name'], email: ['email', 'email_verified'] },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      preferred_username: id,
      name: `${id} from the provider`,
      email: `${id}@example.org`,
      email_verified: true,
    }),
  }),
});

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
function token(claims) {
  const text = `${part({ alg: 'RS256', kid: 'test', typ: 'JWT' })}.${part(claims)}`;
  return `${text}.${sign('sha256', Buffer.from(text), signer).toString('base64url')}`;
}

let next;
provider.use(async (ctx, then) => {
  if (ctx.path === '/test/next-token') {
    let text = '';
    for await (const piece of ctx.req) text += piece;
    next = JSON.parse(text);
    ctx.status = 204;
    return;
  }
  await then();
  if (ctx.oidc?.route === 'token' && ctx.body?.id_token && next) {
    const given = JSON.parse(Buffer.from(ctx.body.id_token.split('.')[1], 'base64url').toString());
    ctx.body = { ...ctx.body, id_token: token({ ...given, ...next }) };
    next = undefined;
  }
});

server.on('request', provider.callback());
console.log(issuer);
