"""Sort films into folders by finding."""
