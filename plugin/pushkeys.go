package plugin

import "github.com/leafmidas/leafmidas/midas"

// morePushKeys are the further configurations as the reader of pushes takes them.
func (c Config) morePushKeys() (list []midas.PushKeys) {
	for _, k := range c.PushKeys {
		list = append(list, midas.PushKeys{Token: k.Token, EncodingAESKey: k.EncodingAESKey})
	}
	return list
}
