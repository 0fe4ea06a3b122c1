# SPDX-License-Identifier: Apache-2.0
"""Prints the ID and title of each deal of an amount above the one that is given."""

import sys

import tokenkeeper

try:
    with tokenkeeper.Client() as client:
        for deal in client.call_all("crm.deal.list", {"select": ["TITLE"],
                                                      "filter": {">OPPORTUNITY": sys.argv[1]}}):
            print(deal["ID"], deal["TITLE"])
except tokenkeeper.Error as error:
    sys.exit(f"{error.code}: {error.words}")
