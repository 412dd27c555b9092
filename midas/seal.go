package midas

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
)

// Sealer protects secrets that have to lie elsewhere, in a database or in Redis, so that a copy of what lies there
// alone opens nothing. It is safe for concurrent use.
type Sealer struct{ aead cipher.AEAD }

// NewSealer derives a key from a secret that every server of the game has anyway. What is sealed for one purpose does
// not open for another.
func NewSealer(secret Secret, purpose string) (*Sealer, error) {
	key, err := hkdf.Key(sha256.New, []byte(secret.Reveal()), nil, purpose, 32)
	if err != nil {
		return nil, err
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	if err != nil {
		return nil, err
	}
	return &Sealer{aead}, nil
}

// Seal protects a secret and binds it to a name, its owner's say: under another name it does not open.
func (s *Sealer) Seal(secret Secret, name string) []byte {
	return s.aead.Seal(nil, nil, []byte(secret.Reveal()), []byte(name))
}

// Open returns what was sealed under a name. ok is false if it was sealed otherwise, or changed.
func (s *Sealer) Open(sealed []byte, name string) (secret Secret, ok bool) {
	text, err := s.aead.Open(nil, nil, sealed, []byte(name))
	return Secret(text), err == nil
}
