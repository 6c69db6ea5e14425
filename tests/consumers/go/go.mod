module visionspec/consumer

go 1.21
