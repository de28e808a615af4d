"""Who may do what: one line for each route, read by test_rights.py.

The columns after the address say whose it is, and what a visitor, another member, the operator and
the one whose it is are answered; after them stands what is sent: a form, or JSON to the API.

    yes   done or shown          who   asked to sign in, or for a token
    404   not there for them     4xx   refused with this status
    -     nobody asks: the operator is the one whose it is

What is refused to the owner too (a wrong password, an unknown link, a provider that is not set up)
is refused to all alike. Play money is decided by the till's own post, as a provider would do it.
A line about an address that is in no table of routes is passed over.
"""

from __future__ import annotations

from typing import Final

PAGES: Final = """
GET    /t/{open}                                   giver    yes  yes  yes  yes
GET    /t/{open}/                                  giver    yes  yes  yes  yes
POST   /t/{other}                                  giver    yes  yes  yes  yes  nonce=right-1
POST   /t/{open}/visit                             giver    yes  yes  yes  yes
GET    /t/{open}/report                            giver    yes  yes  yes  yes
POST   /t/{open}/report                            giver    yes  yes  yes  yes  reason=other&text=
GET    /reported                                   giver    yes  yes  yes  yes
GET    /scan                                       giver    yes  yes  yes  yes
POST   /scan                                       giver    yes  yes  yes  yes  code={open}&nonce=right-2
GET    /                                           giver    yes  yes  yes  yes
POST   /language                                   giver    yes  yes  yes  yes  language=en&next=/
GET    /static/irl.css                             giver    yes  yes  yes  yes
GET    /join                                       giver    yes  yes  yes  yes
POST   /join                                       giver    yes  yes  yes  yes  email=ruth@house.example&nickname=Ruth&password=long-enough-1&invitation={invitation}
GET    /join/sent                                  giver    yes  yes  yes  yes
POST   /join/sent                                  giver    yes  yes  yes  yes  email=ruth@house.example
GET    /verify?token={link}                        giver    yes  yes  yes  yes
POST   /verify                                     giver    422  422  422  422  token=unknown
GET    /sign-in                                    giver    yes  yes  yes  yes
POST   /sign-in                                    giver    who  who  who  who  email=gita@house.example&password=not-this-one&next=/
POST   /sign-out                                   newcomer yes  yes  yes  yes
GET    /month                                      giver    who  yes  yes  yes
POST   /month                                      giver    who  yes  yes  yes  budget=5
POST   /flattrs/{flattr}/undo                      giver    who  404  404  yes  next=/month
POST   /t/{given}/subscribe                        giver    who  yes  yes  yes  months=3
GET    /subscriptions                              giver    who  yes  yes  yes
POST   /subscriptions/{subscription}               giver    who  404  404  yes  state=paused
GET    /charity                                    giver    who  yes  yes  yes
POST   /charity                                    giver    who  yes  yes  yes  charity=
GET    /settings                                  giver    who  yes  yes  yes
POST   /settings                                  giver    who  yes  yes  yes  language=&shows_flattrs=on
GET    /settings/export.json                      giver    who  yes  yes  yes
GET    /settings/leave                            giver    who  yes  yes  yes
POST   /settings/leave                            giver    who  403  403  403  password=not-this-one
GET    /left                                      giver    yes  yes  yes  yes
GET    /wallet                                     giver    who  yes  yes  yes
POST   /wallet                                     giver    who  yes  yes  yes  amount=10&provider=sandbox
POST   /wallet/reload                              giver    who  yes  yes  yes  on=yes
GET    /sandbox/checkout/{pending}                 giver    who  404  404  yes
GET    /deposits/{pending}                         giver    who  404  404  yes
POST   /deposits/{pending}/pay                     giver    who  404  404  yes
GET    /deposits/{booked}/back                     giver    who  404  404  yes
POST   /deposits/{booked}/look                     giver    who  404  404  yes
GET    /payouts                                    maker    who  yes  yes  yes
POST   /payouts                                    maker    who  409  409  yes  amount=10&password={password}
GET    /payouts/address                            maker    who  yes  yes  yes
POST   /payouts/address                            maker    who  yes  yes  yes  method=sepa&holder=Mara&address={iban}&password={password}
GET    /payouts/move                               maker    who  yes  yes  yes
POST   /payouts/move                               maker    who  409  409  yes  amount=1
GET    /things                                     maker    who  yes  yes  yes
POST   /things                                     maker    who  yes  yes  yes  title=Mine&category=images&language=en
GET    /things/{thing}                             maker    who  404  404  yes
POST   /things/{thing}                             maker    who  404  404  yes  title=Changed&category=images&language=en
POST   /things/{thing}/codes                       maker    who  404  404  yes  placement=Here
POST   /things/{thing}/codes/{early}/revoke        maker    who  404  404  yes
POST   /things/{bare}/delete                       maker    who  404  404  yes
GET    /transparency                               giver    yes  yes  yes  yes
GET    /statements/{closed}                        giver    who  404  404  yes
GET    /statements/{closed}.json                   giver    who  404  404  yes
GET    /statements/{closed}.csv                    giver    who  404  404  yes
GET    /statements/{closed}.pdf                    giver    who  404  404  yes
POST   /sign-in/passkey                            giver    who  who  who  who  credential={}&next=/
POST   /sign-in/passkey/begin                      giver    yes  yes  yes  yes
GET    /password                                   giver    yes  yes  yes  yes
POST   /password                                   giver    yes  yes  yes  yes  email=gita@house.example
GET    /password/sent                              giver    yes  yes  yes  yes
GET    /password/new?token=unknown                 giver    yes  yes  yes  yes
POST   /password/new                               giver    422  422  422  422  token=unknown&password=long-enough-1
GET    /account                                    giver    who  yes  yes  yes
GET    /account/password                           giver    who  yes  yes  yes
POST   /account/password                           giver    who  403  403  403  password=not-this-one&new_password=long-enough-1
GET    /account/passkeys                           giver    who  yes  yes  yes
POST   /account/passkeys/begin                     giver    who  yes  yes  yes  password={password}
POST   /account/passkeys                           giver    who  422  422  422  name=Phone&credential={}
POST   /account/passkeys/{passkey}/remove          giver    who  404  404  yes
POST   /account/devices/{device}/end               giver    who  404  404  yes
POST   /account/apps/{app}/revoke                  giver    who  404  404  yes
POST   /account/everywhere                         newcomer who  yes  yes  yes
GET    /statements                                 giver    who  yes  yes  yes
POST   /scan/queue                                 giver    yes  yes  yes  yes  {"scans":[{"payload":"{open}","nonce":"rq"}]}
GET    /pocket                                     giver    yes  yes  yes  yes
POST   /pocket/remove                              giver    yes  yes  yes  yes  thing={thing}
POST   /pocket/word                                giver    yes  yes  yes  yes
POST   /pocket/mail                                giver    yes  yes  yes  yes  email=rosa@house.example
GET    /pocket/mailed                              giver    yes  yes  yes  yes
GET    /pocket/take?word=unknown                   giver    yes  yes  yes  yes
POST   /pocket/take                                giver    422  422  422  422  word=unknown
GET    /offline                                    giver    yes  yes  yes  yes
GET    /sw.js                                      giver    yes  yes  yes  yes
GET    /manifest.webmanifest                       giver    yes  yes  yes  yes
GET    /icons/192.png                              giver    yes  yes  yes  yes
GET    /pictures/{picture}-small.webp              maker    yes  yes  yes  yes
GET    /pictures/{picture}.webp                    maker    yes  yes  yes  yes
POST   /things/{thing}/picture                     maker    who  404  404  yes  PHOTO
POST   /things/{thing}/picture/drop                maker    who  404  404  yes
POST   /things/{thing}/web                         maker    who  404  404  yes
GET    /things/{thing}/button.svg                  maker    yes  yes  yes  yes
GET    /look-up                                    giver    yes  yes  yes  yes
POST   /look-up                                    giver    yes  yes  yes  yes  thing={panels}&url=https://embankment.example/panels
GET    /house                                      operator who  404  -    yes
GET    /house/invitations                          operator who  404  -    yes
POST   /house/invitations                          operator who  404  -    yes  count=1
GET    /house/reports                              operator who  404  -    yes
GET    /house/reports/decided                      operator who  404  -    yes
POST   /house/reports/{report}                     operator who  404  -    yes  decision=keep&from=waiting
GET    /house/charities                            operator who  404  -    yes
POST   /house/charities                            operator who  404  -    yes  name=Night+school&url=https://school.example/
GET    /house/charities/{charity}                  operator who  404  -    yes
POST   /house/charities/{charity}/account          operator who  404  -    yes  holder=Sea+Rescue&iban={iban}&password={password}
POST   /house/charities/{charity}/payout           operator who  404  -    409  password={password}
POST   /house/charities/{charity}/retire           operator who  404  -    yes
GET    /house/months                               operator who  404  -    yes
POST   /house/months/{running}/close               operator who  404  -    yes  early=yes
POST   /house/audit                                operator who  404  -    yes
GET    /house/mails                                operator who  404  -    yes
POST   /house/mails/{mail}/again                   operator who  404  -    yes
POST   /house/mails/{mail_2}/drop                  operator who  404  -    yes
GET    /house/payments                             operator who  404  -    yes
GET    /house/payouts/{payout}.xml                 operator who  404  -    404
"""

API: Final = """
POST   /api/v1/scans                               giver    yes  yes  yes  yes  {"scans":[{"payload":"{open}","nonce":"r"}]}
POST   /api/v1/frames                              giver    yes  yes  yes  yes  PHOTO
POST   /api/v1/members                             giver    yes  yes  yes  yes  {"email":"rosa@house.example","nickname":"Rosa","password":"long-enough-1","invitation":"{invitation}"}
POST   /api/v1/members/verify                      giver    422  422  422  422  {"token":"unknown"}
POST   /api/v1/members/verify/resend               giver    yes  yes  yes  yes  {"email":"rosa@house.example"}
POST   /api/v1/tokens                              giver    who  who  who  who  {"email":"gita@house.example","password":"not this one","scopes":["flattr"],"name":"x"}
DELETE /api/v1/tokens/{token_id}                   giver    who  404  404  yes
GET    /api/v1/me                                  giver    who  yes  yes  yes
PUT    /api/v1/me/budget                           giver    who  yes  yes  yes  {"budget_micros":5000000}
GET    /api/v1/me/reload                           giver    who  yes  yes  yes
PUT    /api/v1/me/reload                           giver    who  yes  yes  yes  {"on":false}
GET    /api/v1/me/charity                          giver    who  yes  yes  yes
PUT    /api/v1/me/charity                          giver    who  yes  yes  yes  {"charity":null}
GET    /api/v1/charities                           giver    yes  yes  yes  yes
POST   /api/v1/me/deposits                         giver    who  yes  yes  yes  {"amount_micros":10000000,"provider":"sandbox"}
GET    /api/v1/me/deposits                         giver    who  yes  yes  yes
GET    /api/v1/me/deposits/{booked}                giver    who  404  404  yes
GET    /api/v1/me/payouts                          maker    who  yes  yes  yes
POST   /api/v1/me/payouts                          maker    who  409  409  yes  {"amount_micros":10000000,"password":"{password}"}
GET    /api/v1/me/payouts/{payout}                 maker    who  404  404  yes
GET    /api/v1/me/payout-address                   maker    who  yes  yes  yes
PUT    /api/v1/me/payout-address                   maker    who  yes  yes  yes  {"method":"sepa","holder":"Mara","address":"{iban}","password":"{password}"}
POST   /api/v1/me/moves                            maker    who  409  409  yes  {"amount_micros":1000000}
GET    /api/v1/me/moves                            maker    who  yes  yes  yes
GET    /api/v1/me/flattrs                          giver    who  yes  yes  yes
DELETE /api/v1/me/flattrs/{flattr_2}               giver    who  404  404  yes
GET    /api/v1/me/subscriptions                    giver    who  yes  yes  yes
POST   /api/v1/subscriptions                       giver    who  yes  yes  yes  {"code":"{long}","months":3}
GET    /api/v1/subscriptions/{subscription}        giver    who  404  404  yes
PATCH  /api/v1/subscriptions/{subscription}        giver    who  404  404  yes  {"state":"running"}
DELETE /api/v1/subscriptions/{subscription}        giver    who  404  404  yes
GET    /api/v1/me/statements/{closed}.csv          giver    who  404  404  yes
GET    /api/v1/me/statements/{closed}.pdf          giver    who  404  404  yes
GET    /api/v1/me/statements/{closed}              giver    who  404  404  yes
POST   /api/v1/things                              maker    who  yes  yes  yes  {"title":"Mine","category":"images","language":"en"}
GET    /api/v1/things?q=Harbour                    maker    yes  yes  yes  yes
GET    /api/v1/things/{thing}                      maker    yes  yes  yes  yes
PATCH  /api/v1/things/{thing}                      maker    who  404  404  yes  {"title":"Changed"}
POST   /api/v1/things/{thing}/codes                maker    who  404  404  yes  {"placement":"Here"}
GET    /api/v1/codes/{given}.svg                   maker    yes  yes  yes  yes
GET    /api/v1/codes/{given}.png                   maker    yes  yes  yes  yes
GET    /api/v1/codes/{given}.pdf                   maker    yes  yes  yes  yes
DELETE /api/v1/codes/{over}                        maker    who  404  404  yes
PUT    /api/v1/things/{thing}/picture              maker    who  404  404  yes  PHOTO
DELETE /api/v1/things/{thing}/picture              maker    who  404  404  yes
DELETE /api/v1/things/{thing}                      maker    who  404  404  yes
POST   /api/v1/reports                             giver    yes  yes  yes  yes  {"code":"{open}","reason":"other"}
GET    /api/v1/transparency                        giver    yes  yes  yes  yes
POST   /sandbox/checkout/{pending}                 giver    yes  yes  yes  yes  decision=approve
"""

HOUSE: Final = """
GET    /healthz                                    giver    yes  yes  yes  yes
GET    /problems/invalid                           giver    yes  yes  yes  yes
GET    /api/v1/openapi.json                        giver    yes  yes  yes  yes
GET    /api/docs                                   giver    yes  yes  yes  yes
POST   /hooks/paypal                               giver    404  404  404  404  {}
POST   /hooks/skrill                               giver    404  404  404  404  status=2
"""
