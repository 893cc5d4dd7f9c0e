"""Wan Studio: a character and a clip of motion become a video, at a price known before the click.

    the ground   media, provider, work, web, encryption, append_only, data_files, settings_types, _databases
    the nouns    activity, accounts, teams, notifications, keys, uploads, money, jobs, requests, videos, review,
                 sharing, usage, studio
    the top      api, operations, management, templatetags, urls, apps, celery, models, settings, wsgi

    browser → views → verbs ⇒ row ⇒ steps → provider, media → storage

The double arrow is the row: web and worker talk through the database only.

Two import rules, asserted by `tests/test_architecture.py`:
1. The ground imports no noun, a noun only the ground and the nouns before it, nobody the top.
2. Inside a noun: models ← verbs, queries, words ← forms ← views, steps, api. Views import neither steps nor a
   provider's client, steps no views.
"""
