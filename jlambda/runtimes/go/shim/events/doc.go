// Package events has the events of the services that invoke functions most, as AWS's package of the same path names them.
//
// https://docs.aws.amazon.com/lambda/latest/dg/lambda-services.html shows each as JSON.
package events
