# What test_lab.py applies with the real Terraform, against a pretended AWS on this machine.
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.0"
    }
  }
}

# AWS_ENDPOINT_URL says where AWS is. A block `endpoints` would make the provider compute for six seconds each time that
# it is configured: it prints the whole block for each of the 300 services in it.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "test"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

resource "aws_vpc" "main" {
  cidr_block = "10.30.0.0/16"
  tags       = { Name = "lab" }
}

resource "aws_security_group" "web" {
  name        = "lab-web"
  description = "public https"
  vpc_id      = aws_vpc.main.id
  ingress {
    description = "https"
    from_port   = 443
    to_port     = 443
    protocol    = "tcp"
    cidr_blocks = ["0.0.0.0/0"]
  }
  tags = { owner = "platform" }
}

resource "aws_ssm_parameter" "db_password" {
  name  = "/lab/db_password"
  type  = "SecureString"
  value = "lab-Leaky-Pass-one"
}
