"""JSON of speech services, meeting tools and players: each adapter declares the shape it takes."""
