"""Progress of alerts in the escalation plan that calls one person after the other: rows and tables.

The rule is `hub.alerting.oncall.rules.escalation`, the calls are `hub.alerting.response.calls`.
"""
