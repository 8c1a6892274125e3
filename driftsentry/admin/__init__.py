"""The pages of admins: people, their sessions, and the tokens of CI jobs. The verbs are those of `auth`."""
