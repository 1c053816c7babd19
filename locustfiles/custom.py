"""A behaviour of your own beside the scenario: here somebody looks through the list of machines now and then."""

from locust import between, task

from sim.live.locustfile import OrganisationUser


class Auditor(OrganisationUser):
    """An organisation in which, besides, a person reads the whole list."""

    wait_time = between(5, 15)

    @task
    def read_machines(self) -> None:
        """Requests of your own are rows of Locust's statistics, as always."""
        path = f"/api/db/machines?org_id={self.organisation.org_id}"
        self.client.get(path, headers=self.headers, name="list of machines")
