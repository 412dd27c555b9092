// Package pay is this server's payment module.
package pay

import "github.com/leafmidas/leafmidas/plugin"

// Plugin sells this game's items for Midas coins.
var Plugin = plugin.New()
