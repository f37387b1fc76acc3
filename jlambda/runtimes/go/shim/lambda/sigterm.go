package lambda

import (
	"fmt"
	"log"
	"os"
	"os/signal"
	"syscall"
)

// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-extensions-api.html
const extensionsAPI = "/2020-01-01/extension"

// enableSIGTERM has callbacks called before the environment is shut down. Only environments with an extension get SIGTERM,
// so the function registers one that listens for nothing.
func enableSIGTERM(address string, callbacks []func()) {
	if len(callbacks) > 0 {
		signaled := make(chan os.Signal, 1)
		signal.Notify(signaled, syscall.SIGTERM)
		go func() {
			<-signaled
			for _, callback := range callbacks {
				callback()
			}
		}()
	}
	c := &client{address: address}
	got, err := c.request("POST", extensionsAPI+"/register",
		[]string{"Lambda-Extension-Name", "GoLangEnableSIGTERM", "Content-Type", "application/json"}, []byte(`{"events":[]}`))
	if err == nil && got.status != 200 {
		err = fmt.Errorf("got unexpected status code: %d", got.status)
	}
	if err != nil {
		log.Printf("WARNING! Failed to register internal extension! SIGTERM events may not be enabled! err: %v", err)
		return
	}
	// tells that the extension is ready; no event ever comes
	identifier := got.headers["lambda-extension-identifier"]
	go c.request("GET", extensionsAPI+"/event/next", []string{"Lambda-Extension-Identifier", identifier}, nil)
}
