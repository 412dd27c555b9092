// Package peers is what a team would use instead of leafmidas.
package peers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

// HandWritten is the client that most teams write by themselves for protocol V2: maps, two HMACs, http.Post.
type HandWritten struct{ BaseURL, Token, OfferID, AppKey string }

// Call signs and makes one call for a player, with what more there is to say.
func (h HandWritten) Call(endpoint, openid, sessionKey string, more map[string]any) (map[string]any, error) {
	params := map[string]any{"openid": openid, "offer_id": h.OfferID, "ts": time.Now().Unix(), "zone_id": "1", "env": 1}
	for key, value := range more {
		params[key] = value
	}
	body, err := json.Marshal(params)
	if err != nil {
		return nil, err
	}
	path := "/wxa/game/" + endpoint
	target := fmt.Sprintf("%s%s?access_token=%s&sig_method=hmac_sha256&signature=%s&pay_sig=%s",
		h.BaseURL, path, h.Token, sign(sessionKey, string(body)), sign(h.AppKey, path+"&"+string(body)))
	resp, err := http.Post(target, "application/json", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	var reply map[string]any
	if err := json.Unmarshal(text, &reply); err != nil {
		return nil, err
	}
	if code, _ := reply["errcode"].(float64); code != 0 {
		return nil, fmt.Errorf("errcode %v: %v", reply["errcode"], reply["errmsg"])
	}
	return reply, nil
}

func sign(key, text string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}
